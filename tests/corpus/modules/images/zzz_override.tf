module "scan" {
  source = "./modules/scan"
  enabled = true
}
