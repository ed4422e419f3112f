module "storage" {
  source  = "../.."

  name           = "acc"
  resource_group = "rg"
}
