module "cluster" {
  source  = "../../"

  cluster_name = "one"
  network_id   = "n-1"
  subnet_ids   = ["s-1"]

  providers = {
    aws      = aws
    aws.dns  = aws
    aws.logs = aws
  }
}
