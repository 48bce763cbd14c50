using System.Text.Json.Nodes;
using Petrel.Model.Api;

namespace Petrel.Cli.Tests.Commands;

public sealed class VersionTests
{
    [Fact]
    public async Task The_version_is_printed_as_text_json_and_yaml()
    {
        var text = (await CommandLine.RunAsync("version")).Output;
        Assert.Contains($"Kubernetes API {KubernetesRelease.Version}", text);
        var json = JsonNode.Parse((await CommandLine.RunAsync("version", "-o", "json")).Output)!;
        Assert.Equal(KubernetesRelease.Version, json["kubernetesVersion"]!.GetValue<string>());
        Assert.Contains($"petrel {json["version"]} ", text);
        Assert.Contains($"kubernetesVersion: {KubernetesRelease.Version}\n", (await CommandLine.RunAsync("version", "-o", "yaml")).Output);
    }
}
