variable "network_id" {
  type = string
}

variable "service" {
  description = "Short name, for instance `s3`."
  type        = string
}

data "aws_vpc_endpoint_service" "this" {
  service      = var.service
  service_type = "Gateway"
}

resource "aws_vpc_endpoint" "this" {
  vpc_id       = var.network_id
  service_name = data.aws_vpc_endpoint_service.this.service_name
}
