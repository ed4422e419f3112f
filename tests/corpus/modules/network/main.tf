/**
 * # Network
 *
 * One virtual network and *everything* in it.
 *
 *     indented text stays indented
 */

locals {
  zones  = length(var.availability_zones)
  create = var.create && length(var.cidr_block) > 0
}

moved {
  from = aws_vpc.main
  to   = aws_vpc.this
}

# The network itself
resource "aws_vpc" "this" {
  count = local.create ? 1 : 0

  cidr_block           = var.cidr_block
  instance_tenancy     = var.instance_tenancy
  enable_dns_hostnames = var.dns_hostnames_enabled
  tags = merge(
    { Name = var.name },
    var.tags, # these lose
    var.network_tags,
  )
}

resource "aws_subnet" "public" {
  for_each = { for index, zone in var.availability_zones : zone => var.public_subnets[index] if length(var.public_subnets) > index }

  vpc_id            = aws_vpc.this[0].id
  cidr_block        = each.value
  availability_zone = each.key
  tags              = merge({ Name = "${var.name}-${var.public_subnet_suffix}-${each.key}" }, var.tags, var.public_subnet_tags)

  lifecycle {
    ignore_changes = [tags["kubernetes.io/role/elb"]]
  }
}

resource "aws_subnet" "private" {
  for_each = { for index, zone in var.availability_zones : zone => var.private_subnets[index] if length(var.private_subnets) > index }

  vpc_id            = aws_vpc.this[0].id
  cidr_block        = each.value
  availability_zone = each.key
  tags              = merge({ Name = "${var.name}-${var.private_subnet_suffix}-${each.key}" }, var.tags, var.private_subnet_tags)

  lifecycle {
    ignore_changes = [tags["kubernetes.io/role/elb"]]
  }
}

resource "aws_subnet" "database" {
  for_each = { for index, zone in var.availability_zones : zone => var.database_subnets[index] if length(var.database_subnets) > index }

  vpc_id            = aws_vpc.this[0].id
  cidr_block        = each.value
  availability_zone = each.key
  tags              = merge({ Name = "${var.name}-${var.database_subnet_suffix}-${each.key}" }, var.tags, var.database_subnet_tags)

  lifecycle {
    ignore_changes = [tags["kubernetes.io/role/elb"]]
  }
}

resource "aws_subnet" "isolated" {
  for_each = { for index, zone in var.availability_zones : zone => var.isolated_subnets[index] if length(var.isolated_subnets) > index }

  vpc_id            = aws_vpc.this[0].id
  cidr_block        = each.value
  availability_zone = each.key
  tags              = merge({ Name = "${var.name}-${var.isolated_subnet_suffix}-${each.key}" }, var.tags, var.isolated_subnet_tags)

  lifecycle {
    ignore_changes = [tags["kubernetes.io/role/elb"]]
  }
}

resource "aws_internet_gateway" "this" {
  vpc_id = one(aws_vpc.this[*].id)
  tags   = var.tags
}

# Way out for private subnets, not in
resource "aws_nat_gateway" "this" {
  count         = var.nat_gateway_enabled ? (var.nat_gateway_single ? 1 : local.zones) : 0
  allocation_id = element(var.nat_gateway_elastic_ips, count.index)
  subnet_id     = values(aws_subnet.public)[count.index].id
}

resource "aws_default_network_acl" "this" {
  default_network_acl_id = aws_vpc.this[0].default_network_acl_id

  dynamic "ingress" {
    for_each = var.default_acl_ingress
    content {
      action  = ingress.value.action
      rule_no = ingress.value.rule_no

      cidr_block      = lookup(ingress.value, "cidr_block", null)
      ipv6_cidr_block = lookup(ingress.value, "ipv6_cidr_block", null)
      from_port       = 0
      to_port         = 0
      protocol        = "-1"
    }
  }
}

resource "random_id" "suffix" {
  byte_length = 4
}

# What the region has
data "aws_availability_zones" "here" {
  state = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

# Records of what passed
module "flow_logs" {
  source  = "./modules/flow-logs"

  network_id = one(aws_vpc.this[*].id)
  bucket     = var.flow_log_bucket
  enabled    = var.flow_log_enabled
}

module "endpoints" {
  source  = "./modules/endpoints"

  for_each   = var.endpoint_services
  network_id = one(aws_vpc.this[*].id)
  service    = each.key
}

check "reachable" {
  assert {
    condition     = length(var.public_subnets) == 0 || var.internet_gateway_enabled
    error_message = "Public subnets need a gateway."
  }
}
