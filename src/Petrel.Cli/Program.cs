using Petrel.Agent.Runtimes.Processes;
using Petrel.Cli.Composition;

if (args is [ProcessShim.Command, .. var container])
{
    // The process beside each container of the process runtime: there are many, so nothing else is loaded.
    return await ProcessShim.RunAsync(container, TimeProvider.System);
}
return await CommandRunner.RunAsync(args, Console.Out, Console.Error);
