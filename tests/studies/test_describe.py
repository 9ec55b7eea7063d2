import json

from compare_ssgan.studies import describe, spec


def test_a_description_is_complete_and_readable():
    settings = (
        "resnet_cifar.Generator.channels = 4",
        "resnet_cifar.Backbone.channels = 4",
        "BATCH_SIZE = 8",
        "gans.ModularGAN.tasks = [@tasks.Rotation, @tasks.Classification]",
    )
    request = spec.RunRequest(("gin_configs/acgan.gin",), settings=settings)
    found = describe.describe(request)
    assert json.loads(describe.render(found, as_json=True)) == found
    assert found["operations_per_step"] == (
        2 * found["operations_per_discriminator_step"]
        + found["operations_per_generator_step"]
    )
    for network in (
        found["generator"],
        found["discriminator"],
        *found["tasks"].values(),
    ):
        assert set(network["layers"][0]) == {
            "path", "output_shape", "parameters", "multiply_adds", "shapes",
        }  # fmt: skip
        for total in ("parameters", "multiply_adds"):
            assert network[total] == sum(layer[total] for layer in network["layers"])
    assert found["tasks"]["rotation"]["layers"] == [
        {
            "path": "head",
            "output_shape": [4],
            "parameters": 4 * 4 + 4,
            "multiply_adds": 4 * 4,
            "shapes": {"kernel": [4, 4], "bias": [4]},
        }
    ]
    assert found["tasks"]["classification"]["multiply_adds"] == 4 * 10

    text = describe.render(found, as_json=False)
    tables = [line for line in text.splitlines() if "multiply-adds" in line]
    assert len({line.index("multiply-adds") for line in tables if "layer" in line}) == 1
    table = text[text.index("generator:") :].splitlines()
    assert max(len(line) for line in table) <= 100
    assert any(line.split() == ["gain", "4", "40", "40", "10x4"] for line in table)
