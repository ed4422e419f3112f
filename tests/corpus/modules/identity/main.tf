# Licensed under terms that nobody reads
variable "first" {}

# Comment over one line
variable "one_line" {
	type = string
}

# Comment over
# two lines
variable "two_lines" {
	type = string
}

// With slashes
variable "slashes" {}

//No blank behind the slashes
#Nor behind the sharp
// and mixed   
variable "mixed" {}

## A second sharp stays
variable "two_sharps" {}

#// Both prefixes go
variable "both" {}

//# Only the first goes
variable "slashes_first" {}

/// A third slash stays
variable "three_slashes" {}

# Separated by a blank line

variable "separated" {}

  # Indented
variable "indented" {}

	// Indented by a tab
variable "tabbed" {}

# Far above
  # Indented between
# Directly above
variable "interrupted" {}

/* A block comment */
variable "block_comment" {}

# Before a block
/* comment */
variable "before_block" {}

#
# Blank comment lines
#
# count
variable "blank_lines" {}

# Loses
variable "described" {
	description = "Wins"
}

# Stands in
variable "empty_description" {
	description = ""
}

variable "no_description" {
	description = ""
} # behind a block

variable "after_trailing" {}

locals { x = 1 } # not a comment of the next
variable "directly_after" {}
# behind, and above the next
variable "comment_between" {}
#
variable "only_sharp" {}

# terraform-docs-ignore
variable "ignored" {}

# This one is internal (terraform-docs-ignore), whatever
# it does
variable "ignored_inside" {
	default = {}
}

# See terraform-docs for more
variable "not_ignored" {}

  # terraform-docs-ignore
variable "marker_indented" {}

# terraform-docs-ignore

variable "marker_separated" {}

# Terraform-Docs-Ignore
variable "marker_case" {}
