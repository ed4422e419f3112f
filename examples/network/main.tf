locals {
  subnets = {
    for index, pair in setproduct(sort(var.tiers), var.zones) :
    "${pair[0]}-${pair[1]}" => { tier = pair[0], zone = pair[1], index = index }
  }
}

# The network itself.
resource "terraform_data" "network" {
  input = {
    name = var.name
    cidr = var.cidr
    tags = merge(var.tags, { environment = var.environment, owner = var.owner })
  }
}

module "subnets" {
  source = "./modules/subnets"

  for_each = local.subnets

  name  = "${var.name}-${each.key}"
  cidr  = cidrsubnet(var.cidr, var.subnet_bits, each.value.index)
  tier  = each.value.tier
  rules = var.rules
}
