using Petrel.Agent.Runtimes.Processes;
using Petrel.Cli.Composition;

if (args is [ProcessShim.Command, .. var container])
{
    // The shim process of a container of the process runtime. Each container has one, so it loads nothing else.
    return await ProcessShim.RunAsync(container, TimeProvider.System);
}
return await CommandRunner.RunAsync(args, Console.Out, Console.Error);
