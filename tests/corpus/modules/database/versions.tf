terraform {
  required_version = ">= 1.3.0"
  required_providers {
    google      = { version = ">= 5.0, < 7", source = "hashicorp/google" }
    google-beta = { version = "= 6.0.1", source = "hashicorp/google-beta" }
    random = {
      source  = "hashicorp/random"
      version = "~>3.1"
    }
  }
  provider_meta "google" {
    module_name = "blueprints/terraform/database/v1.0.0"
  }
}
