using System.CommandLine;
using System.Text.Json.Nodes;
using Petrel.Agent.Runtimes;
using Petrel.Cli.Hosting;
using Petrel.Cli.Output;
using Petrel.LocalCluster;

namespace Petrel.Cli.Commands;

/// <summary><c>petrel image load</c> and <c>petrel image list</c>: manage images that nodes can use without a pull.</summary>
internal static class ImageCommand
{
    public static Command Create() => new("image", "Load images into the nodes' image store, and list those in it.") { Load(), List() };

    private static Command Load()
    {
        var data = CommonOptions.Data();
        var archives = new Argument<string[]>("archive")
        {
            Description =
                "Files of 'docker save' or OCI archives, also gzip-compressed (.tar, .tar.gz), or folders with an OCI image layout.",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("load", "Load images from files into the image store. The cluster need not run.") { data, archives };
        command.SetAction(
            async (result, cancellationToken) =>
            {
                using var store = NodeImages.Open(TargetCluster.DirectoryOf(result, data));
                foreach (var archive in result.GetValue(archives)!)
                {
                    if (!Path.Exists(archive))
                    {
                        throw new UserErrorException($"{archive}: no such file or folder.");
                    }
                    foreach (var image in await store.ImportAsync(archive, cancellationToken))
                    {
                        result.InvocationConfiguration.Output.WriteLine(Line(image));
                    }
                }
            }
        );
        return command;
    }

    private static Command List()
    {
        var data = CommonOptions.Data();
        var format = CommonOptions.Output();
        var command = new Command("list", "List the images in the image store.") { data, format };
        command.SetAction(result =>
        {
            using var store = NodeImages.Open(TargetCluster.DirectoryOf(result, data));
            var output = result.InvocationConfiguration.Output;
            if (result.GetValue(format) is { } structured)
            {
                StructuredOutput.Write(output, structured, new JsonArray([.. store.List().Select(Document)]));
                return;
            }
            foreach (var image in store.List())
            {
                output.WriteLine(Line(image));
            }
        });
        return command;
    }

    private static string Line(ImageStatus image) => $"{string.Join(", ", image.References)} ({image.SizeBytes / 1024.0 / 1024.0:0.0} MiB)";

    private static JsonObject Document(ImageStatus image) =>
        new()
        {
            ["id"] = image.Id,
            ["references"] = new JsonArray([.. image.References.Select(reference => JsonValue.Create(reference))]),
            ["sizeBytes"] = image.SizeBytes,
        };
}
