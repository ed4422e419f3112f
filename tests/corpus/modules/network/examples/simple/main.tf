provider "aws" {
  region = "eu-west-1"
}

module "network" {
  source  = "../../"

  name               = "simple"
  availability_zones = ["eu-west-1a"]
}
