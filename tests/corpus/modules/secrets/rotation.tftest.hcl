variables {
  name = "x"
}

run "x" {
  command = plan
}

mock_provider "aws" {}
