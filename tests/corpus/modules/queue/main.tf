terraform {
  required_version = 0.11
  required_providers {
    aws    = 2
    random = "2.5"
    null   = "~> 2.1"
  }
}

provider "aws" { alias = "east" region = "us-east-1" }

variable "name" { type = "string" description = "Name of the queue" }
variable "delay" { type = "string" default = 0 }
variable "tags" { type = "map" default = { Team = "queues" Env = "test" } }
variable "list" { type = "list" default = ["a", "b",] description = "" }
variable unquoted { default = true }

# On the next line
variable "brace"
{
  default = "x"
}

variable "described"
{
  description = "Of ${var.name}, and ${join(",", var.list)}"
}

# Dead letters
resource "aws_sqs_queue" "dead" { provider = "aws.east" name = "dead" }

resource "null_resource" "hook" {
  provisioner "local-exec" { command = "echo ${random_id.x.hex}" }
}

resource "random_id" "x" { byte_length = 2 }

data "aws_iam_policy_document" "main" { statement { actions = ["sqs:*"] resources = ["*"] } }

module "sub" { source = "./sub" name = "${var.name}" }

output "url" { value = "${aws_sqs_queue.main.0.id}" description = "Address of the queue" }
output "count" { value = "${length(aws_sqs_queue.main)}" }
output "numbered" { description = 42 value = 1 }
output "truth" { description = true value = 1 }
