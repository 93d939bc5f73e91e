"""How a trained network does under corruptions, attacks, occlusion, mixing and images of no class."""
