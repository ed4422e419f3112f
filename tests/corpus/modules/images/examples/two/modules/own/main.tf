module "deeper" {
  source  = "../deeper"

  x = 1
}
