module "backup" {
  source = "../.."
}
