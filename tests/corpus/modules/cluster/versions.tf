terraform {
  required_version = "~> 1.9"
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      version               = "5.31.0"
      configuration_aliases = [aws.dns, aws.logs]
    }
    kubernetes = {
      source  = "hashicorp/kubernetes"
      version = "> 2.20, != 2.21.0"
    }
    tls       = { source = "hashicorp/tls", version = ">= 4.0" }
    cloudinit = { version = "= 2.3.3", source = "hashicorp/cloudinit" }
  }
}
