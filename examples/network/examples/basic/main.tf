module "network" {
  source = "../../"

  name = "basic"
}

output "subnets" {
  value = module.network.subnets
}
