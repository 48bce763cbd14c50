using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Petrel.Architecture.Tests;

/// <summary>Which namespace of an assembly uses which other one, with one example for each pair.</summary>
internal sealed class NamespaceGraph
{
    private readonly SortedDictionary<string, SortedDictionary<string, string>> _uses = new(StringComparer.Ordinal);

    /// <summary>Reads an assembly: signatures, attributes and method bodies.</summary>
    public static NamespaceGraph Read(string assemblyPath)
    {
        var graph = new NamespaceGraph();
        using var module = ModuleDefinition.ReadModule(assemblyPath);
        foreach (var type in module.Types.Where(t => t.Namespace.Length > 0))
        {
            graph.AddType(type, Outermost(type));
        }
        return graph;
    }

    /// <summary>The groups of namespaces that use each other in a circle; empty when there is none.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Cycles()
    {
        // Tarjan, "Depth-first search and linear graph algorithms" (1972).
        var (index, low) = (new Dictionary<string, int>(), new Dictionary<string, int>());
        var (stack, found) = (new Stack<string>(), new List<IReadOnlyList<string>>());
        void Visit(string node)
        {
            index[node] = low[node] = index.Count;
            stack.Push(node);
            foreach (var next in _uses[node].Keys.Where(_uses.ContainsKey))
            {
                if (!index.TryGetValue(next, out var visited))
                {
                    Visit(next);
                    low[node] = Math.Min(low[node], low[next]);
                }
                else if (stack.Contains(next))
                {
                    low[node] = Math.Min(low[node], visited);
                }
            }
            if (low[node] == index[node])
            {
                var group = new List<string>();
                string member;
                do
                {
                    member = stack.Pop();
                    group.Add(member);
                } while (member != node);
                if (group.Count > 1)
                {
                    group.Sort(StringComparer.Ordinal);
                    found.Add(group);
                }
            }
        }
        foreach (var node in _uses.Keys.Where(node => !index.ContainsKey(node)))
        {
            Visit(node);
        }
        return found;
    }

    /// <summary>A line for each use inside a group, with an example.</summary>
    public IEnumerable<string> Describe(IReadOnlyList<string> group) =>
        from user in @group
        from used in @group
        where _uses[user].ContainsKey(used)
        select $"  {user} uses {used}: {_uses[user][used]}";

    private void AddType(TypeDefinition type, TypeDefinition outer)
    {
        Note(outer, type.BaseType, type.CustomAttributes);
        NoteParameters(outer, type);
        foreach (var implemented in type.Interfaces)
        {
            Note(outer, implemented.InterfaceType);
        }
        foreach (var field in type.Fields)
        {
            Note(outer, field.FieldType, field.CustomAttributes);
        }
        foreach (var property in type.Properties)
        {
            Note(outer, property.PropertyType, property.CustomAttributes);
        }
        foreach (var method in type.Methods)
        {
            AddMethod(method, outer);
        }
        foreach (var nested in type.NestedTypes)
        {
            AddType(nested, outer);
        }
    }

    private void AddMethod(MethodDefinition method, TypeDefinition outer)
    {
        Note(outer, method.ReturnType, method.CustomAttributes);
        NoteParameters(outer, method);
        foreach (var parameter in method.Parameters)
        {
            Note(outer, parameter.ParameterType);
        }
        if (!method.HasBody)
        {
            return;
        }
        foreach (var variable in method.Body.Variables)
        {
            Note(outer, variable.VariableType);
        }
        foreach (var handler in method.Body.ExceptionHandlers)
        {
            Note(outer, handler.CatchType);
        }
        foreach (var instruction in method.Body.Instructions)
        {
            NoteOperand(outer, instruction);
        }
    }

    private void NoteOperand(TypeDefinition outer, Instruction instruction)
    {
        switch (instruction.Operand)
        {
            case TypeReference type:
                Note(outer, type);
                break;
            case FieldReference field:
                Note(outer, field.DeclaringType);
                Note(outer, field.FieldType);
                break;
            case MethodReference method:
                Note(outer, method.DeclaringType);
                Note(outer, method.ReturnType);
                foreach (var argument in (method as GenericInstanceMethod)?.GenericArguments ?? [])
                {
                    Note(outer, argument);
                }
                break;
        }
    }

    private void NoteParameters(TypeDefinition outer, IGenericParameterProvider provider)
    {
        foreach (var constraint in provider.GenericParameters.SelectMany(p => p.Constraints))
        {
            Note(outer, constraint.ConstraintType);
        }
    }

    private void Note(TypeDefinition outer, TypeReference? used, IEnumerable<CustomAttribute>? attributes = null)
    {
        foreach (var attribute in attributes ?? [])
        {
            Note(outer, attribute.AttributeType);
        }
        if (!_uses.TryGetValue(outer.Namespace, out var uses))
        {
            _uses[outer.Namespace] = uses = new(StringComparer.Ordinal);
        }
        switch (used)
        {
            case null or GenericParameter:
                return;
            case GenericInstanceType generic:
                foreach (var argument in generic.GenericArguments)
                {
                    Note(outer, argument);
                }
                Note(outer, generic.ElementType);
                return;
            case TypeSpecification specification:
                Note(outer, specification.ElementType);
                return;
        }
        if (used.Scope is ModuleDefinition && Outermost(used) is { Namespace.Length: > 0 } target && target.Namespace != outer.Namespace)
        {
            uses.TryAdd(target.Namespace, $"{outer.Name} -> {target.Name}");
        }
    }

    private static T Outermost<T>(T type)
        where T : TypeReference => type.DeclaringType is T declaring ? Outermost(declaring) : type;
}
