variable "twice" {
  default = 2
}

output "twice" {
  value = 2
}

module "twice" {
  version = "2.0.0"
}

# second call
module "sourced_again" {
  source = "git::https://h/second.git?ref=v2"
}

resource "aws_backup_vault" "twice" {
  provider = aws.second
}

top_level_attribute = 1

list "aws_instance" "future" {
  provider = aws
}

action "aws_lambda_invoke" "future" {
  config {
    function_name = "x"
  }
}

language {
  edition = "2027"
}

unknown_block "with" "many" "labels" "of" "its" "own" {
  nested "block" {
    x = 1
  }
}

terraform {
  language {
    x = 1
  }
  backend "s3" {
    bucket = "b"
  }
  cloud {
    organization = "o"
  }
  encryption {
    method "aes_gcm" "new" {
      keys = key_provider.pbkdf2.mykey
    }
  }
  experiments      = [something]
  required_version = ">= 1"
  required_version_of_something = "x"
}

variable "future" {
  type       = string
  deprecated = "Use another."
  const      = true
  wonders {
    x = 1
  }
  default = ""
}

variable "typed_oddly" {
  type    = (list(string))
  default = [1]
}

variable "comprehension" {
  default = [for x in [1, 2] : x * 2]
}

variable "empty_version_call" {}

module "empty_version" {
  source  = "git::https://h/x.git?ref=v1"
  version = ""
}

module "null_version" {
  source  = "acme/y/aws"
  version = null
}

module "sourceless" {
  x = 1
}

module "numbered" {
  source  = "acme/y/aws"
  version = 3
}
