data "aws_partition" "here" {}
data "aws_caller_identity" "me" {}

# The control plane
resource "aws_eks_cluster" "this" {
  name    = var.cluster_name
  version = var.cluster_version

  vpc_config {
    subnet_ids              = coalescelist(var.control_plane_subnet_ids, var.subnet_ids)
    endpoint_private_access = var.cluster_endpoint_private
  }

  dynamic "encryption_config" {
    for_each = var.encryption_key_arn == null ? [] : [var.encryption_key_arn]
    iterator = key
    content {
      provider {
        key_arn = key.value
      }
      resources = ["secrets"]
    }
  }

  depends_on = [
    aws_iam_role.cluster,
  ]
}

resource "aws_iam_role" "cluster" {
  name_prefix        = "${substr(var.cluster_name, 0, 20)}-"
  assume_role_policy = <<-POLICY
    {
      "Version": "2012-10-17",
      "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "eks.${data.aws_partition.here.dns_suffix}"}}]
    }
  POLICY
}

resource "aws_route53_record" "api" {
  provider = aws.dns

  zone_id = var.dns_zone
  name    = "api"
  type    = "CNAME"
  ttl     = var.dns_ttl
  records = [trimprefix(aws_eks_cluster.this.endpoint, "https://")]
}

# Kept as long as
# the auditors want
resource "aws_cloudwatch_log_group" "this" {
  provider = aws.logs

  name              = "/cluster/${var.cluster_name}"
  retention_in_days = var.log_group_retention
}

resource "kubernetes_config_map_v1" "auth" {
  metadata {
    name      = "aws-auth"
    namespace = "kube-system"
  }

  data = {
    mapRoles = yamlencode([for group in module.node_group : { rolearn = group.role_arn, username = "system:node:{{EC2PrivateDNSName}}" }])
  }
}

data "tls_certificate" "issuer" {
  url = aws_eks_cluster.this.identity[0].oidc[0].issuer
}

data "cloudinit_config" "node" {
  gzip = false

  part {
    content = <<EOT
  #!/bin/bash
  # %{ if var.autoscaler_enabled ~}
  echo "scaling between $${MIN} and %%{MAX}"
  %{ endif ~}
    EOT
  }
}

module "node_group" {
  source  = "./modules/node-group"

  for_each = var.node_groups

  name       = coalesce(each.value.name, each.key)
  subnet_ids = var.subnet_ids
  providers = {
    aws = aws
  }
}

# Only when none is given
module "key" {
  source  = "terraform-modules/kms/aws"
  version = "~> 2.1"

  create = var.encryption_key_arn == null
}
