terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = ">= 5"
  }
}

variable "name" {
  type = string
}

variable "subnet_ids" {
  description = "Where"
  type = list(string)
}

variable "min" {
  type = number
  default = 1
  nullable = false
}

variable "max" {
  type = number
  default = 3
}

variable "ami_type" {
  type = string
  default = "AL2023_x86_64_STANDARD"

  validation {
    condition     = var.ami_type == null || length(coalesce(var.ami_type, "x")) < 256
    error_message = "The value of ami_type is too long."
  }
}

variable "labels" {
  type = map(string)
  default = null
}

resource "aws_eks_node_group" "this" {
  cluster_name  = var.name
  node_role_arn = aws_iam_role.this.arn
  subnet_ids    = var.subnet_ids

  scaling_config {
    min_size     = var.min
    max_size     = var.max
    desired_size = var.min
  }
}

resource "aws_iam_role" "this" {
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

output "role_arn" {
  value       = aws_iam_role.this.arn
}
