using System.Text.RegularExpressions;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Tests.CustomResources;

namespace Petrel.ApiServer.Tests.Http;

/// <summary>What the real kubectl checks and explains of custom resources.</summary>
public sealed class KubectlCustomResourceTests
{
    private const string Explained = """
        {"description":"A kind for tests.","type":"object","properties":{
          "spec":{"description":"What is wanted.","type":"object","properties":{
            "bars":{"description":"The bars and their specs.","type":"array","items":{"type":"object","required":["name"],"properties":{
              "name":{"description":"Name of the bar.","type":"string"},"age":{"type":"string"},
              "feeling":{"type":"string","enum":["Great","Down"]},
              "bazs":{"description":"The bazs.","type":"array","items":{"type":"string"}}}}}}}}}
        """;

    [KubectlFact]
    public async Task A_schema_is_held_and_explained()
    {
        await using var front = await TestFront.StartAsync();
        var kubectl = await WithFoosAsync(front, Explained);

        await IsTakenAsync(kubectl, """ "spec":{"bars":[{"name":"test-bar"}]} """);
        await IsRefusedAsync(kubectl, """ "spec":{"foo":true} """, "unknown field \"spec.foo\"");
        await IsRefusedAsync(kubectl, """ "spec":{"bars":[{"age":"10"}]} """, "spec.bars[0].name: Required value");
        await IsRefusedAsync(kubectl, """ "spec":{"bars":[{"name":"b","feeling":"Odd"}]} """, "Unsupported value: \"Odd\"");

        await ExplainsAsync(
            kubectl,
            "foos",
            "DESCRIPTION:.*A kind for tests.*FIELDS:.*apiVersion.*<string>.*APIVersion defines.*spec.*<Object>.*What is wanted"
        );
        await ExplainsAsync(
            kubectl,
            "foos.metadata",
            "DESCRIPTION:.*Standard object's metadata.*FIELDS:.*creationTimestamp.*<string>.*CreationTimestamp is a timestamp"
        );
        await ExplainsAsync(kubectl, "foos.spec", @"DESCRIPTION:.*What is wanted.*FIELDS:.*bars.*<\[\]Object>.*The bars and their specs");
        await ExplainsAsync(
            kubectl,
            "foos.spec.bars",
            @"bars.*<\[\]Object>.*DESCRIPTION:.*The bars and their specs.*FIELDS:"
                + @".*bazs.*<\[\]string>.*The bazs.*name.*<string>.*Name of the bar"
        );
        Assert.Contains("field \"bars2\" does not exist", await kubectl.FailAsync("explain foos.spec.bars2"), StringComparison.Ordinal);
    }

    [KubectlFact]
    public async Task A_kind_without_a_schema_takes_everything_and_has_nothing_to_explain()
    {
        await using var front = await TestFront.StartAsync();
        var kubectl = await WithFoosAsync(front, TestDefinitions.Open);

        await IsTakenAsync(kubectl, """ "a":{"b":[{"c":"d"}]} """);
        await ExplainsAsync(kubectl, "foos", "DESCRIPTION:.*<empty>");
    }

    [KubectlFact]
    public async Task A_root_that_keeps_unknown_fields_takes_everything()
    {
        await using var front = await TestFront.StartAsync();
        var kubectl = await WithFoosAsync(
            front,
            Explained.Replace(
                "\"description\":\"A kind for tests.\",",
                "\"description\":\"A kind for tests.\",\"x-kubernetes-preserve-unknown-fields\":true,",
                StringComparison.Ordinal
            )
        );

        await IsTakenAsync(kubectl, """ "a":{"b":[{"c":"d"}]} """);
        await ExplainsAsync(kubectl, "foos", "KIND:.*Foo.*DESCRIPTION:.*A kind for tests");
    }

    [KubectlFact]
    public async Task An_object_that_keeps_unknown_fields_takes_everything_below_it()
    {
        await using var front = await TestFront.StartAsync();
        var kubectl = await WithFoosAsync(
            front,
            """
            {"description":"Keeps what is below.","type":"object","properties":{
              "spec":{"description":"What is wanted.","type":"object","x-kubernetes-preserve-unknown-fields":true,
              "properties":{"dummy":{"description":"Says nothing.","type":"object"}}}}}
            """
        );

        await IsTakenAsync(kubectl, """ "spec":{"a":null,"b":[{"c":"d"}]} """);
        await IsRefusedAsync(kubectl, """ "a":{"b":[{"c":"d"}]} """, "unknown field \"a\"");
        await ExplainsAsync(kubectl, "foos", "DESCRIPTION:.*Keeps what is below.*FIELDS:.*spec.*What is wanted");
    }

    private static async Task<Kubectl> WithFoosAsync(TestFront front, string schema)
    {
        await TestDefinitions.EstablishAsync(front.Api, TestDefinitions.Of("a.example.com", "foos", "Foo", ("v1", schema)));
        return new Kubectl(front.WriteKubeconfig());
    }

    private static string Foo(string more) => $$$"""{"kind":"Foo","apiVersion":"a.example.com/v1","metadata":{"name":"one"},{{{more}}}}""";

    private static async Task IsTakenAsync(Kubectl kubectl, string more)
    {
        foreach (var command in (string[])["create", "apply"])
        {
            Assert.Equal("foo.a.example.com/one created\n", await kubectl.RunAsync($"{command} -f -", Foo(more)));
            Assert.StartsWith("foo.a.example.com \"one\" deleted", await kubectl.RunAsync("delete foos one"), StringComparison.Ordinal);
        }
    }

    private static async Task IsRefusedAsync(Kubectl kubectl, string more, string why)
    {
        foreach (var command in (string[])["create", "apply"])
        {
            Assert.Contains(why, await kubectl.FailAsync($"{command} -f -", Foo(more)), StringComparison.Ordinal);
        }
    }

    private static async Task ExplainsAsync(Kubectl kubectl, string what, string pattern) =>
        Assert.Matches(new Regex(pattern, RegexOptions.Singleline), await kubectl.RunAsync($"explain {what}"));
}
