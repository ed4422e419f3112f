variable "url" {
	type = string
}

variable "clients" {
	type    = list(string)
	default = ["sts.amazonaws.com"]
}

variable "thumbprints" {
	type     = list(string)
	default  = []
	nullable = false
}

# What this is about
resource "aws_iam_openid_connect_provider" "this" {
	name = "x"
}

output "id" {
	description = "Of what was made."
	value       = aws_iam_openid_connect_provider.this.id
}
