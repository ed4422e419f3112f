variable "zerlegt" {
  type    = object({ é = string })
  default = { é = "über" }

  description = "A\u030A"
}
