# first
variable "twice" {
  type        = string
  description = "the first"
  default     = "a"
}

output "twice" {
  value       = 1
  description = "the first"
}

# first call
module "twice" {
  source  = "acme/first/aws"
  version = "1.0.0"
}

module "sourced_again" {
  source = "git::https://h/first.git?ref=v1"
}

# first vault
resource "aws_backup_vault" "twice" {}

data "aws_backup_vault" "twice" {}

# once
resource "aws_backup_plan" "once" {
  rule {}
}
