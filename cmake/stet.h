// Everything that a program which trains a model needs.
#pragma once
