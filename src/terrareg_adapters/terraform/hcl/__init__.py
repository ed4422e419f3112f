"""Reads Terraform's and OpenTofu's source files, in native and in JSON syntax, into the core's values."""

from terrareg_adapters.terraform.hcl.reader import TerraformReader

__all__ = ["TerraformReader"]
