terraform {
  required_providers {
    edge = {
      source  = "registry.example.com/acme/edge"
      version = "1.0"
    }
  }
}

resource "edge_rule" "this" {}
