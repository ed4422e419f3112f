provider "aws" {
  region = var.region
}

provider "aws" {
  alias  = "other"
  region = "us-east-1"
}

variable "region" {
  default = "eu-west-1"
}

module "network" {
  source  = "../.."

  name               = "complete"
  availability_zones = module.zones.names
}

# All of them
module "zones" {
  source  = "./modules/zones"

  providers = {
    aws = aws.other
  }
}
