# This file is maintained automatically by "terraform init".
# Manual edits may be lost in future updates.

provider "registry.terraform.io/hashicorp/aws" {
  version     = "5.1.0"
  constraints = "~> 5.0, 5.1.0, >= 5.0.1"
  hashes = [
    "h1:MV0+UMXcHAz1m0bHC8bkOI0A9OJ/OdYNJqXJTdzhRnY=",
    "zh:02a8d9ccbfb0a5d6b3a6b2e3ef4ffd3ae4a8c2c70d3a2bd29b0b0e1c2d6bd5aa",
  ]
}

provider "registry.terraform.io/cloudflare/cloudflare" {
  version = "4.40.0"
}

provider "registry.example.com/acme/edge" {
  version = "1.0.7"
  hashes  = []
}

provider "registry.terraform.io/hashicorp/late" {
  version = "0.1.0"
}

provider "registry.terraform.io/hashicorp/never" {
  version = "1.0.0"
}
