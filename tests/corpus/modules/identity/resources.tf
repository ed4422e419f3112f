# terraform-docs-ignore: made for the tests only
resource "random_id" "hidden" {
	byte_length = 2
}

# terraform-docs-ignore
data "external" "hidden" {
	program = ["true"]
}

# Groups of people
resource "aws_iam_group" "this" {
	for_each = toset(var.mixed)
	name	 = each.key
}

// Who calls
data "aws_caller_identity" "this" {}

# terraform-docs-ignore
module "hidden" {
	source = "./modules/user"
}

# The account's password rules
module "password_policy" {
	source = "./modules/password-policy"
	length = 14
}

# terraform-docs-ignore
output "hidden" {
	value = 1
}

# The groups, by name
output "groups" {
	value = aws_iam_group.this
}

output "bare" {
	value = 1
}

# fallback
output "numbered" {
	description = 42
	value		= "the description is no text"
}
