variable "name" {
	type = string
}

variable "metadata" {
	description = "XML."
	type        = string
}

# What this is about
resource "aws_iam_saml_provider" "this" {
	name = "x"
}

output "id" {
	description = "Of what was made."
	value       = aws_iam_saml_provider.this.id
}
