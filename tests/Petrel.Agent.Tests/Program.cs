using Petrel.Agent.Runtimes.Processes;
using Xunit.Runner.InProc.SystemConsole;

// The process runtime's tests start this program as their containers' shim.
return args is [ProcessShim.Command, .. var rest] ? await ProcessShim.RunAsync(rest, TimeProvider.System) : await ConsoleRunner.Run(args);
