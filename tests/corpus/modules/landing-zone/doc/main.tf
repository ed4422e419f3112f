variable "elsewhere" {}
