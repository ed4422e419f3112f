variable "context" {
  type = any
  default = {
    enabled             = true
    namespace           = null
    delimiter           = null
    attributes          = []
    tags                = {}
    regex_replace_chars = null
    label_order         = []
    id_length_limit     = null
    labels_as_tags      = ["unset"]
  }
  description = <<-EOT
    One object in place of many variables.
    See description of each of them.
    Leave string and numeric variables as `null` to use the default value;
    attributes, tags and additional maps are merged.
  EOT

  validation {
    condition     = lookup(var.context, "delimiter", null) == null ? true : contains(["-", "_", ""], var.context["delimiter"])
    error_message = "One of `-`, `_` and nothing."
  }
}
