# a comment that the override has not
module "backup" {
  source = "acme/backup/google"
  version = "1.0.0"
}
