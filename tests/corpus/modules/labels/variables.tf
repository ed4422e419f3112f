variable "enabled" {
  type        = bool
  default     = null
  description = "Whether anything is named."
}

variable "namespace" {
  type        = string
  default     = null
  description = "Of the organisation."
}

variable "tenant" {
  default = null
  type    = string
}

variable "environment" {
  type        = string
  default     = null
  description = "For instance `prod` or `eu`."
}

variable "stage" {
  default = null
  type    = string

  validation {
    condition     = var.stage == null || length(coalesce(var.stage, "x")) < 256
    error_message = "The value of stage is too long."
  }
}

variable "name" {
  default = null
  type    = string
}

variable "delimiter" {
  type        = string
  default     = null
  description = "Between the parts."
}

variable "attributes" {
  type        = list(string)
  default     = []
  description = "Further parts, in order."
}

variable "tags" {
  default = {}
  type    = map(string)
}

variable "additional_tag_map" {
  default  = {}
  type     = map(string)
  nullable = false
}

variable "label_order" {
  default = null
  type    = list(string)
}

variable "regex_replace_chars" {
  type        = string
  default     = null
  description = "`\"/[^a-zA-Z0-9-]/\"` by default."
}

variable "id_length_limit" {
  type        = number
  default     = null
  description = "`0` is without limit."
}

variable "label_key_case" {
  default = null
  type    = string
}

variable "label_value_case" {
  default = null
  type    = string
}

variable "labels_as_tags" {
  default = ["default"]
  type    = set(string)
}

variable "Upper" {
  type        = any
  default     = null
  description = "Sorted before the lower ones."
}

variable "a-b" {
  type        = string
  default     = ""
  description = "Sorted before `a_b`."
}

variable "a_b" {
  default = ""
  type    = string
}

variable "ab" {
  default = ""
  type    = string
}
