resource "aws_sqs_queue" "main" {
  name  = "${var.name}"
  count = "${length(var.list) > 0 ? 1 : 0}"
  tags  = "${merge(var.tags, map("Name", "x"))}"
}

resource aws_sqs_queue_policy unquoted {
  provider  = "aws"
  queue_url = "${aws_sqs_queue.main.*.id[0]}"
}

module "interpolated" {
  source = "git::https://git.example.com/${var.name}.git?ref=v1"
}

module "expression" {
  source  = "${path.module}/x"
  version = "${var.name}"
}
