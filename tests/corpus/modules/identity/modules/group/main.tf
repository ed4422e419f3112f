variable "name" {
	type = string
}

variable "members" {
	type    = set(string)
	default = []
}

variable "policies" {
	type     = list(string)
	default  = []
	nullable = false
}

# What this is about
resource "aws_iam_group" "this" {
	name = "x"
}

output "id" {
	description = "Of what was made."
	value       = aws_iam_group.this.id
}
