module "zone" {
  source = "../"
}
