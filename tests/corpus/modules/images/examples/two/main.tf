module "images" {
  source  = "../../"
}

module "own" {
  source  = "./modules/own"
}
