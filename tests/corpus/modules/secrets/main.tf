terraform {
  required_version = ">= 1.11.0"

  required_providers {
    aws    = { source = "hashicorp/aws" , version = ">= 5.80, < 6.0" }
    vault  = { source = "acme.example.com/tools/vault", version = "4.1.0-beta1" }
    random = { source = "hashicorp/random" }
  }
}

ephemeral "random_password" "this" {
  length = 32
}

# Written only
resource "aws_secretsmanager_secret_version" "this" {
  secret_id                = aws_secretsmanager_secret.this.id
  secret_string_wo         = ephemeral.random_password.this.result
  secret_string_wo_version = var.generation
}

resource "aws_secretsmanager_secret" "this" {
  name = var.name

  lifecycle {
    prevent_destroy      = true
    replace_triggered_by = [terraform_data.generation]
    precondition {
      condition     = var.generation > 0
      error_message = "Generations count from one: ${var.generation}."
    }
  }
}

resource "terraform_data" "generation" {
  input = var.generation
}

resource "vault_mount" "kv" {
  for_each = toset(var.mounts)
  path     = each.value
  type     = "kv"
}

data "vault_policy_document" "read" {
  dynamic "rule" {
    for_each = var.mounts
    content {
      path         = "${rule.value}/*"
      capabilities = ["read"]
    }
  }
}

data "random_id" "none" {}

moved {
  from = aws_secretsmanager_secret.secret
  to   = aws_secretsmanager_secret.this
}

import {
  to = aws_secretsmanager_secret.this
  id = "arn:aws:secretsmanager:eu-west-1:1:secret:x"
}

removed {
  from = aws_kms_key.old
  lifecycle {
    destroy = false
  }
}

check "rotated" {
  data "aws_secretsmanager_secret" "scoped" {
    name = var.name
  }
  assert {
    condition     = data.aws_secretsmanager_secret.scoped.rotation_enabled
    error_message = "Not rotated."
  }
}

locals {
  arn = provider::aws::arn_parse(aws_secretsmanager_secret.this.arn)
  up  = core::upper("x")
}
