def test_world(world):
    with world.scope("finance"):
        assert "export.class.amount" in world.user("finance").permissions
