variable "only_for_terraform" {}

resource "aws_route53_record" "this" {
  zone_id = "z"
}
