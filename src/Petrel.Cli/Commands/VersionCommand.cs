using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Petrel.Cli.Output;
using Petrel.Model.Api;

namespace Petrel.Cli.Commands;

/// <summary><c>petrel version</c>: prints the version.</summary>
internal static class VersionCommand
{
    public static Command Create()
    {
        var format = CommonOptions.Output();
        var command = new Command("version", "Print the version of Petrel and of the Kubernetes API that it speaks.") { format };
        command.SetAction(result =>
        {
            var output = result.InvocationConfiguration.Output;
            var version = typeof(VersionCommand).Assembly.GetName().Version!.ToString(3);
            var platform = $"linux/{(RuntimeInformation.OSArchitecture == Architecture.X64 ? "amd64" : "arm64")}";
            if (result.GetValue(format) is { } structured)
            {
                var document = new JsonObject
                {
                    ["version"] = version,
                    ["kubernetesVersion"] = KubernetesRelease.Version,
                    ["dotnetVersion"] = Environment.Version.ToString(),
                    ["platform"] = platform,
                };
                StructuredOutput.Write(output, structured, document);
                return;
            }
            output.WriteLine($"petrel {version} (Kubernetes API {KubernetesRelease.Version}, .NET {Environment.Version}, {platform})");
        });
        return command;
    }
}
