"""The API describes itself: shapes, operations and problems are declared beside the views, and become OpenAPI 3.1.

shapes      JSON Schema in small words
operation   what a method takes and answers; ``documented`` puts it on the method of a view
problems    errors, by exception class
inspector   what drf-spectacular asks: it finds the declaration and renders it
fragments   a part of the document that stands by itself
"""

from exportcenter.common.openapi.operation import Answer, Body, Operation, Parameter, Tag, documented, operation_of
from exportcenter.common.openapi.problems import Problem, problem

__all__ = ["Answer", "Body", "Operation", "Parameter", "Problem", "Tag", "documented", "operation_of", "problem"]
