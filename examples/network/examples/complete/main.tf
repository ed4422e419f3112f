module "network" {
  source = "../../"

  name  = "complete"
  zones = module.sites.zones
  rules = [{ name = "web", port = 443 }]
  dns   = { domain = "example.org" }
}

module "sites" {
  source = "./sites"
}
