module "dns" {
  source = "../../"
  größe  = 5
}
