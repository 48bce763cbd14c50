using System.CommandLine;
using Petrel.Agent.Images;
using Petrel.LocalCluster;
using Petrel.Security;

namespace Petrel.Cli.Commands;

/// <summary><c>image load</c> and <c>image list</c>: what the nodes of this machine need not pull.</summary>
internal static class ImageCommands
{
    public static Command Create() => new("image", "Images in the nodes' store.") { Load(), List() };

    private static Command Load()
    {
        var data = CommonOptions.Data();
        var archives = new Argument<string[]>("archive")
        {
            Description = "OCI archives, docker-save archives, or OCI layout folders.",
            Arity = ArgumentArity.OneOrMore,
        };
        var command = new Command("load", "Load images into the nodes' store.") { data, archives };
        command.SetAction(
            async (result, cancellationToken) =>
            {
                using var store = Open(result.GetValue(data)!);
                foreach (var archive in result.GetValue(archives)!)
                {
                    if (!Path.Exists(archive))
                    {
                        throw new UserErrorException($"{archive}: no such file or folder.");
                    }
                    foreach (var image in await store.ImportAsync(archive, cancellationToken))
                    {
                        Console.WriteLine($"{string.Join(", ", image.References)} ({image.SizeBytes / 1024.0 / 1024.0:0.0} MiB)");
                    }
                }
            }
        );
        return command;
    }

    private static Command List()
    {
        var data = CommonOptions.Data();
        var command = new Command("list", "List the images in the nodes' store.") { data };
        command.SetAction(result =>
        {
            using var store = Open(result.GetValue(data)!);
            foreach (var image in store.List())
            {
                Console.WriteLine($"{string.Join(", ", image.References)} ({image.SizeBytes / 1024.0 / 1024.0:0.0} MiB)");
            }
        });
        return command;
    }

    private static ImageStore Open(string data)
    {
        var directory = new ClusterDirectory(data);
        directory.Create();
        return new(directory.Images, new SystemEntropy(), new RegistrySettings(), TimeProvider.System);
    }
}
