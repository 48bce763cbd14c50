using System.Text.Json.Nodes;
using Petrel.Cli.Output;

namespace Petrel.Cli.Tests.Output;

public sealed class StructuredOutputTests
{
    [Fact]
    public void Yaml_keeps_the_types_of_json()
    {
        var document = JsonNode.Parse(
            """{"text": "web", "number": 3, "half": 0.5, "flag": true, "none": null, "looksLikeAFlag": "true", "list": [{"a": "1.35"}]}"""
        )!;
        using var output = new StringWriter();
        StructuredOutput.Write(output, "yaml", document);
        Assert.Equal(
            """
            text: web
            number: 3
            half: 0.5
            flag: true
            none: 
            looksLikeAFlag: "true"
            list:
            - a: "1.35"

            """,
            output.ToString()
        );
    }
}
